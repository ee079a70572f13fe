// Package northdtest is the harness for tests of northd and of each of its
// features: a northbound database, a compiler, and the state that its outputs
// lead to, with scenario files (Run) for what a feature makes of rows.
//
// The rule: the harness knows rows, not features, and after each Apply it holds
// the compiler to what it promised: outputs that lead from one state to the
// next, and tables that equal their recomputation.
//
// Imports: northd, northd/graph, schema, schema/nb, schema/sb
package northdtest
