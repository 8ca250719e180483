export B=1
return 4
