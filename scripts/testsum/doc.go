// Command testsum reads the output of `go test -json` and tells a person what
// it comes to: failures with all that they said, why tests were skipped, and
// in the last line how many passed, failed and were skipped.
//
// The rule: what cannot be read as a success is a failure (no tests at all, a
// package that does not compile or ends without a verdict).
//
// Imports: none
package main
