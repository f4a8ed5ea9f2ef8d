" Vim compiler file
" Compiler: lint401 (surprise 401s in nginx and Apache configurations)
"
"   :compiler lint401
"   :make                 the roots of lint401.toml, or all below the working directory
"   :make %:S             this file, in the configuration that includes it

if exists("current_compiler")
  finish
endif
let current_compiler = "lint401"

let s:cpo_save = &cpo
set cpo&vim

CompilerSet makeprg=lint401\ check\ --format\ concise\ --quiet\ $*
" What lint401 says when it could not do its job matches none of these and stays in the list as text.
CompilerSet errorformat=%f:%l:%c:\ %trror:\ %m,%f:%l:%c:\ %tarning:\ %m,%f:%l:%c:\ %tnfo:\ %m

let &cpo = s:cpo_save
unlet s:cpo_save
