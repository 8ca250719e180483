# envr for PowerShell 7: before each prompt, follow what the directory asks for.

function Global:_direnv_hook {
    $code = & @ENVR@ export pwsh --hook | Out-String
    if ($code) {
        Invoke-Expression $code
    }
}

# Once, though the profile is sourced again.
if (-not (Test-Path Variable:Global:__EnvrPrompt)) {
    $Global:__EnvrPrompt = $Function:Prompt
    function Global:Prompt {
        $status = $Global:LASTEXITCODE
        _direnv_hook
        $Global:LASTEXITCODE = $status
        & $Global:__EnvrPrompt
    }
}
