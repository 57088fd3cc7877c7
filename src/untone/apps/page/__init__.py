"""untone view and untone sheet: photos before and after, on a page of this machine, in one file, or on one sheet."""
