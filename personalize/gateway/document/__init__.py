"""Documents and their answers: one operation planned, composed for the shop, and its raw answer read and rewritten."""
