export C=1
if
