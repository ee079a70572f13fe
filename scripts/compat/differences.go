package main

// differences are those that are meant.
var differences = []difference{}
