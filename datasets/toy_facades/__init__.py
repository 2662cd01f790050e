"""toy_facades: facades and their label maps, drawn by a program."""
