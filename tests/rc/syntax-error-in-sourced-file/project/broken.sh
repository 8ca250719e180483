export FROM_BROKEN=1
done
export NOT_REACHED=1
