"""Many runs side by side: grids of methods, noises and seeds."""
