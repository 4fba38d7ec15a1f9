"""What the bytes of a JPEG, PNG, WebP or HEIC file say about themselves before anything decodes them.

Each reader walks the whole file, so that truncation, foreign content and bytes nobody accounts for are seen. Pure.
"""
