export MORE=$PWD
