//! HLS, DASH and their segments behind the gate: tickets, cookies, CORS, and the address map of `urls-and-files`.
