// Package portsec says what port security lets a port send and receive: the
// meaning of column port_security, ovn-nb(5), and so of the actions
// check_in_port_sec and check_out_port_sec, ovn-sb(5).
//
// The compiler writes these actions once for all ports. An agent makes flows of
// a port's Rules where the port is; the evaluator of a trace judges by the same
// Rules; the compiler has Parse find out what is wrong with the column.
//
// The rule: of the Rules that match a packet the one of the highest priority
// decides, and rules of one priority agree.
//
// Imports: lflow, lflow/address
package portsec
