"""Content in, document out: one package a format, each with `export(content: Content) -> Exported`. No Django."""
