# rc.elv of the terminal tests: each prompt reports the exported environment and `prompt pid.number status`.
var prompts = (num 0)
set edit:prompt = { put '['$pid'.'$prompts']> ' }
set edit:rprompt = { }

eval (e:cat ~/before | slurp)
eval (envr hook elvish | slurp)
eval (e:cat ~/after | slurp)

set @edit:before-readline = $@edit:before-readline {
  set prompts = (+ $prompts 1)
  /usr/bin/env -0 > $E:ENVR_TERMINAL/env
  echo 'prompt '$pid'.'$prompts' 0' > $E:ENVR_TERMINAL/events
}
