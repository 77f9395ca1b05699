"""What all visitors taught, counted in tables of fixed size that fade: popularity, rates, pairs, kinds, companions."""
