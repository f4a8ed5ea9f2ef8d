;;; drive.el --- What Emacs makes of the findings  -*- lexical-binding: t; -*-

;; Prints two lines of JSON: what compilation-mode read in the current directory, and what flymake underlines in the file of
;; LINT401_FILE after LINT401_TEXT was written at its end, unsaved.

(require 'json)
(require 'lint401)

(defun drive-wait (done)
  (let ((tries 0))
    (while (and (not (funcall done)) (< tries 600))
      (accept-process-output nil 0.05)
      (setq tries (1+ tries)))
    (unless (funcall done) (error "No end"))))

(defun drive-compile ()
  (lint401-compile)
  (with-current-buffer "*compilation*"
    (drive-wait (lambda () (not (get-buffer-process (current-buffer)))))
    (compilation--ensure-parse (point-max))
    (goto-char (point-min))
    (let (found)
      (while (not (eobp))
        (let ((message (get-text-property (point) 'compilation-message)))
          (when message
            (let ((place (compilation--message->loc message)))
              (push (list (cons 'file (caar (compilation--loc->file-struct place)))
                          (cons 'line (compilation--loc->line place))
                          (cons 'column (compilation--loc->col place))
                          (cons 'type (compilation--message->type message)))
                    found))))
        (forward-line 1))
      (vconcat (nreverse found)))))

(defun drive-flymake ()
  (find-file (getenv "LINT401_FILE"))
  (goto-char (point-max))
  (insert (getenv "LINT401_TEXT"))
  (lint401-flymake-mode 1)
  (flymake-start)
  (drive-wait (lambda () (memq #'lint401-flymake (flymake-reporting-backends))))
  (vconcat (mapcar (lambda (diagnostic)
                     (list (cons 'line (line-number-at-pos (flymake-diagnostic-beg diagnostic)))
                           (cons 'type (substring (symbol-name (flymake-diagnostic-type diagnostic)) 1))
                           (cons 'text (flymake-diagnostic-text diagnostic))))
                   (sort (flymake-diagnostics)
                         (lambda (a b) (< (flymake-diagnostic-beg a) (flymake-diagnostic-beg b)))))))

(princ (concat (json-encode (drive-compile)) "\n"))
(princ (concat (json-encode (drive-flymake)) "\n"))
