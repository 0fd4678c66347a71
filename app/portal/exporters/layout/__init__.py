"""What the documents for people share: wording, formats, the page template and its style."""
