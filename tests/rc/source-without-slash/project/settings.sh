export FROM_HERE=1
