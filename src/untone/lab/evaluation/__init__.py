"""What `untone eval` is made of: pictures, methods, protocols, figures, and the pages that show them."""
