"""An audit of a data set's labels by the answers of networks that never saw them."""
