package lflow

// Action is one logical action. The types that implement it are the rows of
// ActionTable, each in its own file act_*.go; their zero values need not
// make sense, but what ParseActions returns does. Actions are immutable.
type Action interface {
	// Append appends the action's text, semicolon included.
	Append(b []byte) []byte
	// Prerequisite returns what the action implies about the packets that it
	// is for, nil for nothing.
	Prerequisite() *Expr
}

// Actions is a sequence of actions, as in the column of that name. Having
// none is the same as Drop.
type Actions []Action

// String returns the text of the actions.
func (as Actions) String() string { return string(as.Append(nil)) }

// Append appends String to b.
func (as Actions) Append(b []byte) []byte {
	if len(as) == 0 {
		return Drop{}.Append(b)
	}
	for i, a := range as {
		if i > 0 {
			b = append(b, ' ')
		}
		b = a.Append(b)
	}
	return b
}

// Prerequisite returns what all of the actions imply, nil for nothing.
func (as Actions) Prerequisite() *Expr {
	var first *Expr
	var all []*Expr
	for _, a := range as {
		e := a.Prerequisite()
		switch {
		case e == nil:
		case first == nil:
			first = e
		default:
			if all == nil {
				all = []*Expr{first}
			}
			all = append(all, e)
		}
	}
	if all == nil {
		return first
	}
	return And(all...)
}

// Form is how an action is written.
type Form uint8

const (
	// Statement: name; name(…); or name { … };
	Statement Form = iota
	// Result: field = name(…);
	Result
	// Operator: the name stands between or behind fields.
	Operator
)

// ActionRow describes one action of the language.
type ActionRow struct {
	Name string
	Form Form
	// Zero is a value of the action's type.
	Zero Action
	// Example is the action in use, in its canonical text.
	Example string
	// Level is the level of the action language that has the action. Agents
	// announce the newest level that they understand.
	Level int

	parse func(p *actionParser) (Action, *Error)
	// parseResult parses behind the name of a Result.
	parseResult func(p *actionParser, dst operand) (Action, *Error)
}

// LanguageLevel is the newest level of the action language that this package knows.
const LanguageLevel = 1

// ActionTable returns a row per name that an action can have. A type can
// have several rows.
func ActionTable() []ActionRow {
	return []ActionRow{
		{Name: "drop", Zero: Drop{}, Example: `drop;`, Level: 1, parse: parseDrop},
		{Name: "next", Zero: Next{}, Example: `next(pipeline=egress, table=5);`, Level: 1, parse: parseNext},
		{Name: "output", Zero: Output{}, Example: `output;`, Level: 1, parse: parseOutput},
		{Name: "=", Form: Operator, Zero: Set{}, Example: `eth.src = 00:00:00:00:00:01;`, Level: 1},
		{Name: "=", Form: Operator, Zero: Move{}, Example: `arp.tpa = arp.spa;`, Level: 1},
		{Name: "<->", Form: Operator, Zero: Exchange{}, Example: `eth.dst <-> eth.src;`, Level: 1},
		{Name: "--", Form: Operator, Zero: DecTTL{}, Example: `ip.ttl--;`, Level: 1},
		{Name: "clone", Zero: Clone{}, Example: `clone { outport = inport; output; };`, Level: 1, parse: parseClone},
		{Name: "arp", Zero: Nested{}, Example: `arp { arp.op = 1; output; };`, Level: 1, parse: parseNested(NestARP)},
		{Name: "nd_ns", Zero: Nested{}, Example: `nd_ns { nd.target = xxreg0; output; };`, Level: 1, parse: parseNested(NestNDNS)},
		{Name: "nd_na", Zero: Nested{}, Example: `nd_na { nd.tll = 00:00:00:00:00:01; output; };`, Level: 1, parse: parseNested(NestNDNA)},
		{Name: "nd_na_router", Zero: Nested{}, Example: `nd_na_router { nd.tll = 00:00:00:00:00:01; output; };`, Level: 1, parse: parseNested(NestNDNARouter)},
		{Name: "ct_clear", Zero: CTClear{}, Example: `ct_clear;`, Level: 1, parse: parseCTClear},
		{Name: "ct_next", Zero: CTNext{}, Example: `ct_next(dnat);`, Level: 1, parse: parseCTNext},
		{Name: "check_in_port_sec", Form: Result, Zero: CheckPortSec{}, Example: `reg0[15] = check_in_port_sec();`, Level: 1, parseResult: parseCheckPortSec(false)},
		{Name: "check_out_port_sec", Form: Result, Zero: CheckPortSec{}, Example: `reg0[15] = check_out_port_sec();`, Level: 1, parseResult: parseCheckPortSec(true)},
		{Name: "lookup_fdb", Form: Result, Zero: LookupFDB{}, Example: `reg0[11] = lookup_fdb(inport, eth.src);`, Level: 1, parseResult: parseLookupFDB},
		{Name: "get_fdb", Form: Result, Zero: GetFDB{}, Example: `outport = get_fdb(eth.dst);`, Level: 1, parseResult: parseGetFDB},
		{Name: "put_fdb", Zero: PutFDB{}, Example: `put_fdb(inport, eth.src);`, Level: 1, parse: parsePutFDB},
		{Name: "get_arp", Zero: GetMAC{}, Example: `get_arp(outport, ip4.dst);`, Level: 1, parse: parseGetMAC(false)},
		{Name: "put_arp", Zero: PutMAC{}, Example: `put_arp(inport, ip4.src, eth.src);`, Level: 1, parse: parsePutMAC(false)},
		{Name: "lookup_arp", Form: Result, Zero: LookupMAC{}, Example: `reg9[2] = lookup_arp(inport, ip4.src, eth.src);`, Level: 1, parseResult: parseLookupMAC(false)},
		{Name: "lookup_arp_ip", Form: Result, Zero: LookupIP{}, Example: `reg9[3] = lookup_arp_ip(inport, ip4.src);`, Level: 1, parseResult: parseLookupIP(false)},
		{Name: "get_nd", Zero: GetMAC{}, Example: `get_nd(outport, ip6.dst);`, Level: 1, parse: parseGetMAC(true)},
		{Name: "put_nd", Zero: PutMAC{}, Example: `put_nd(inport, ip6.src, eth.src);`, Level: 1, parse: parsePutMAC(true)},
		{Name: "lookup_nd", Form: Result, Zero: LookupMAC{}, Example: `reg9[2] = lookup_nd(inport, ip6.src, eth.src);`, Level: 1, parseResult: parseLookupMAC(true)},
		{Name: "lookup_nd_ip", Form: Result, Zero: LookupIP{}, Example: `reg9[3] = lookup_nd_ip(inport, ip6.src);`, Level: 1, parseResult: parseLookupIP(true)},
	}
}
