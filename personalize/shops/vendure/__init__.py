"""What Vendure needs beyond its map: its Admin API, for coupon codes, prices and stock."""
