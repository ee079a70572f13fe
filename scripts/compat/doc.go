// Command compat runs the tests that clients of OVN's databases ship
// themselves, with stock OVN and with weft, and tells how many pass with each
// and which pass with stock alone. A suite is a Python module for_NAME.py
// beside this file, which says how its fixture for databases is made to start
// northd; run.py runs one class of tests. Of a suite that is not Python's, the
// module runs it itself.
//
// Each class runs in namespaces of its own, for processes, network and mounts,
// with an empty /run: daemons that tests start do not meet those of the
// machine, and end, with their files, when the class ends or this program is
// killed.
//
// The rule: a test that passes with stock and not with weft is a failure,
// unless differences names it with a reason; and so is a name there of a test
// that passes.
//
// Imports: none
package main
