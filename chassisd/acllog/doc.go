// Package acllog writes what ACLs with a log tell where programs expect it: a
// line for each packet, as OVN's controller has them in its log file,
//
//	2026-01-02T15:04:05.678Z|00042|acl_log(ovn_pinctrl0)|INFO|name="…", …
//
// with the time in UTC and the number of the line. The severity of an ACL is in
// the message; the level is INFO whatever it is, as in OVN.
//
// The rule: telling never waits for a disk. Lines that the file is too slow for
// are lost, counted, and leave a gap in the numbers.
//
// Imports: none
package acllog
