//! nginx: servers as sites, locations as routes.
