# ~/.xonshrc of the terminal tests: each prompt reports the exported environment and `prompt pid.number status`.
import os
import subprocess

$SHELL_TYPE = 'readline'
$XONSH_HISTORY_BACKEND = 'dummy'
_prompts = [0]
$PROMPT = lambda: f'[{os.getpid()}.{_prompts[0]}]> '

execx(open($HOME + '/before').read())
execx($(envr hook xonsh))
execx($(envr hook xonsh))
execx(open($HOME + '/after').read())


@events.on_pre_prompt_format
def _report(**_):
    _prompts[0] += 1
    with open($ENVR_TERMINAL + '/env', 'wb') as file:
        subprocess.run(['/usr/bin/env', '-0'], env=__xonsh__.env.detype(), stdout=file)
    with open($ENVR_TERMINAL + '/events', 'w') as file:
        file.write(f'prompt {os.getpid()}.{_prompts[0]} 0\n')
