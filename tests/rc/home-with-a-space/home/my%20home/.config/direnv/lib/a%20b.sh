export FROM_LIB=1
