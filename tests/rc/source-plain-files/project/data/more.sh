export MORE=$PWD
return 5
