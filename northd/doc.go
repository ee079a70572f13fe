// Package northd compiles northbound intent into southbound rows and logical
// flows.
//
// It is the plan of the house (plan.go): one function that makes the compile
// graph (package graph), the model that features read (package model), and one
// feature after the other, each a package with a constructor that says by its
// arguments what it reads. The order of computation follows from the plan.
//
// The rule that matters: the compiler is a function of its inputs and of the
// numbers it was given at start. It knows no clock, no etcd and no order of
// maps; the same inputs give the same outputs, in one step or in thousands.
//
// Imports: northd/acl, northd/bfd, northd/bindings, northd/dhcp, northd/dns, northd/gateway, northd/graph, northd/health, northd/l2, northd/lb, northd/meters, northd/model, northd/nat, northd/neighbour, northd/policy, northd/portsec, northd/ra, northd/route, northd/router, northd/sampling, northd/stateful, northd/staticroute, northd/template, schema, schema/nb, schema/sb
package northd
