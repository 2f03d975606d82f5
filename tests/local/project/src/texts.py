GREETING = "Santé"
