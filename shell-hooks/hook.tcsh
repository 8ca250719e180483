# envr for tcsh: before each prompt, follow what the directory asks for. What `precmd` did before, it does after that.
# It is read as one line, without these.
set __envr = @ENVR@ ;
alias _direnv_hook 'eval `$__envr:q export tcsh --hook`' ;
if ( "`alias precmd`" !~ *_direnv_hook* ) alias precmd "_direnv_hook ; `alias precmd`" ;
