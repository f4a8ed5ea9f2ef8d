;;; lint401.el --- Surprise 401s in nginx and Apache configurations  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "26.1"))

;;; Commentary:

;; `lint401-compile' checks in a compilation buffer, where `next-error' leads from finding to finding.
;; `lint401-flymake-mode' underlines findings while you type, in the text that is not saved yet:
;;
;;   (add-hook 'nginx-mode-hook #'lint401-flymake-mode)
;;   (add-hook 'apache-mode-hook #'lint401-flymake-mode)

;;; Code:

(require 'compile)
(require 'flymake)

(defgroup lint401 nil
  "Surprise 401s in nginx and Apache configurations."
  :group 'tools)

(defcustom lint401-program "lint401"
  "Name or path of the program."
  :type 'string)

;;;###autoload
(defun lint401-compile (&optional path)
  "Check PATH, or the roots of lint401.toml, or all below the current directory."
  (interactive "P")
  (let ((path (if (and path (not (stringp path))) (read-file-name "Check: ") path)))
    (compile (concat (shell-quote-argument lint401-program) " check --format concise --quiet"
                     (when path (concat " -- " (shell-quote-argument (expand-file-name path))))))))

(defvar-local lint401--process nil
  "The check of this buffer that runs now.")

(defconst lint401--line
  (rx line-start (group (+? nonl)) ":" (group (+ digit)) ":" (group (+ digit)) ": "
      (group (or "error" "warning" "info")) ": " (group (+ nonl)) line-end)
  "A finding: file, line, column, severity, message.")

(defun lint401--diagnostics (buffer name)
  "Turn findings in the current buffer into diagnostics of BUFFER.
Only those that are in the file NAME: its configuration may have faults
in other files too."
  (let (diagnostics)
    (goto-char (point-min))
    (while (re-search-forward lint401--line nil t)
      (let* ((file (match-string 1))
             (line (string-to-number (match-string 2)))
             (column (string-to-number (match-string 3)))
             (type (pcase (match-string 4) ("error" :error) ("warning" :warning) (_ :note)))
             (message (match-string 5)))
        (when (equal (expand-file-name file) (expand-file-name name))
          (let ((place (flymake-diag-region buffer line column)))
            (push (flymake-make-diagnostic buffer (car place) (cdr place) type message) diagnostics)))))
    (nreverse diagnostics)))

(defun lint401-flymake (report &rest _)
  "Check the text of this buffer in place of its file, and tell REPORT."
  (unless (executable-find lint401-program)
    (error "`%s' is not on `exec-path'" lint401-program))
  (when (process-live-p lint401--process)
    (kill-process lint401--process))
  (let ((buffer (current-buffer))
        (name (or buffer-file-name (buffer-name))))
    (setq lint401--process
          (make-process
           :name "lint401" :noquery t :connection-type 'pipe :coding 'utf-8
           :buffer (generate-new-buffer " *lint401*")
           :command (list lint401-program "check" "--format" "concise" "--quiet" "--stdin-filename" name "-")
           :sentinel
           (lambda (process _event)
             (when (memq (process-status process) '(exit signal))
               (unwind-protect
                   (when (and (buffer-live-p buffer)
                              (eq process (buffer-local-value 'lint401--process buffer)))
                     (with-current-buffer (process-buffer process)
                       (if (memq (process-exit-status process) '(0 1 3))
                           (funcall report (lint401--diagnostics buffer name))
                         (funcall report :panic :explanation (buffer-string)))))
                 (kill-buffer (process-buffer process)))))))
    (save-restriction
      (widen)
      (process-send-region lint401--process (point-min) (point-max)))
    (process-send-eof lint401--process)))

;;;###autoload
(define-minor-mode lint401-flymake-mode
  "Underline what lint401 finds in this buffer."
  :lighter nil
  (if lint401-flymake-mode
      (progn (add-hook 'flymake-diagnostic-functions #'lint401-flymake nil t)
             (flymake-mode 1))
    (remove-hook 'flymake-diagnostic-functions #'lint401-flymake t)))

(provide 'lint401)
;;; lint401.el ends here
