"""Network definitions in torch: FastGaMer, GMNet, IRNet, ITMLUT."""
