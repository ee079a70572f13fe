// Package svccheck is the duty to find out whether services serve: it asks those of
// table Service_Monitor that are behind ports of this chassis, over TCP, UDP or ICMP, and says
// of each whether it is online.
//
// check.go is one service, which knows neither packets nor the agent; svccheck.go has
// them all, sends, and finds the one that an answer is of; schedule.go knows whose turn
// it is.
//
// The rule: a record changes when the status does, and at no other time; a service that
// nobody has heard of has none, and is offline. What fits no question is no answer.
// However many services there are, so many are asked at a time, and the others after
// them.
//
// Imports: chassisd/duty, chassisd/lower, chassisd/packet, chassisd/tables, ofctrl/ofp, schema, schema/sb
package svccheck
