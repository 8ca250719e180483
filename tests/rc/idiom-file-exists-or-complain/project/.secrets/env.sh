export SECRET=1
