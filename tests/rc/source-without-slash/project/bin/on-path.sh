export FROM_PATH=1
