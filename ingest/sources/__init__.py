"""Where papers come from: one file a source, each an iterator of papers and rejections."""
