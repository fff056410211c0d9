"""Decision tables and their language, as the standard means them."""
