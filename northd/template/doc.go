// Package template has agents told of their chassis's values of template variables:
// ovn-nb(5), table Chassis_Template_Var.
//
// The rule: northd does not look at values. What holds a variable it writes into flows
// as it stands, and an agent, which finds the row of its chassis by the UUID, puts the
// value in.
//
// Imports: incr, lflow, northd/graph, schema, schema/nb, schema/sb
package template
