"""One file per dataset; `domain.disclosure.catalogue` lists them."""
