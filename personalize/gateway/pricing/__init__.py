"""Personal prices in an answer and in the cart: what is shown, what is told of it, and the codes that make it true."""
