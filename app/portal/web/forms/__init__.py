"""Forms: what people enter, checked for shape. Rules are the services'."""
