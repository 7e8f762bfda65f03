module hung

go 1.16
