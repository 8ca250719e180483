alias -g G='| grep'
export FROM_ZSH=1
