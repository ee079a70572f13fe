package lb

import (
	"strconv"
	"strings"

	"github.com/weft-sdn/weft/incr"
	"github.com/weft-sdn/weft/lflow"
	addresses "github.com/weft-sdn/weft/lflow/address"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/model"
	"github.com/weft-sdn/weft/northd/pipeline"
	"github.com/weft-sdn/weft/schema"
)

// With option template the VIPs and backends of a load balancer hold template
// variables, of which each chassis has its own values: ovn-nb(5), Chassis_Template_Var.
// Agents replace them in the flows (package lflow, Texts.Expand), so that one flow
// serves all chassis. Of a chassis without a value for the VIP it is no VIP; one
// without backends has a VIP without backends.

// template is a VIP of which something is a variable. Its texts stand in flows.
type template struct {
	V6       bool
	VIP      string // "^name", or an address
	Port     string // "^name", a number, or "" for all ports and protocols
	Backends string // a list that is "address:port" or "address", separated by commas, once variables are replaced
}

// isTemplate tells whether an entry of column vips holds variables.
func isTemplate(vip, backends string) bool { return strings.Contains(vip+backends, "^") }

// parseTemplate reads such an entry.
func (v *vip) parseTemplate(proto, backends string, v6 bool, p *graph.RowProblems) bool {
	t := &template{V6: v6}
	var ok bool
	if t.VIP, t.Port, ok = t.part(v.Text); !ok {
		p.Problem("vips", strconv.Quote(v.Text)+" is not ^VARIABLE, ^VARIABLE:port or ^VARIABLE:^VARIABLE")
		return false
	}
	if t.Port != "" {
		v.Proto = proto
	}
	if at, explicit := addresses.Endpoint(v.Text); explicit {
		v.Addr, v.Port = at.Addr(), at.Port()
	} else {
		v.Variables = v.Text
	}
	var list []string
	for text := range strings.SplitSeq(backends, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		ip, port, ok := t.part(text)
		switch {
		case !ok:
			p.Problem("vips", "backend "+strconv.Quote(text)+" of "+v.Text+" is not ^VARIABLE, ^VARIABLE:port or ^VARIABLE:^VARIABLE")
			continue
		case t.Port == "" && port != "":
			p.Problem("vips", "backend "+text+" of "+v.Text+" gets packets at the port that they are for: without a port of the VIP that of backends does not count")
			port = ""
		}
		switch {
		case port == "":
			list = append(list, ip)
		case v6:
			list = append(list, "["+ip+"]:"+port)
		default:
			list = append(list, ip+":"+port)
		}
	}
	t.Backends = strings.Join(list, ",")
	v.Template = t
	return true
}

// part reads an address, and a port where there is one, each of them a variable or
// not. IPv6 addresses with a port are in brackets; those that are variables may be.
func (t *template) part(text string) (ip, port string, ok bool) {
	if at, explicit := addresses.Endpoint(text); explicit {
		if at.Port() != 0 {
			port = strconv.Itoa(int(at.Port()))
		}
		return at.Addr().String(), port, at.Addr().Is6() == t.V6
	}
	ip, port, hasPort := strings.Cut(text, ":")
	if inside, bracketed := strings.CutPrefix(ip, "["); bracketed && t.V6 {
		if ip, ok = strings.CutSuffix(inside, "]"); !ok {
			return "", "", false
		}
	}
	if !isVariable(ip) {
		return "", "", false
	}
	if !hasPort || isVariable(port) {
		return ip, port, true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return ip, port, err == nil && n != 0
}

func isVariable(text string) bool {
	name, ok := strings.CutPrefix(text, "^")
	return ok && lflow.IsVariable(name)
}

// templated is a VIP of a template: what vip writes, with variables.
type templated struct{ *vip }

func (v templated) fam() *model.Family {
	if v.Template.V6 {
		return model.Families()[1]
	}
	return model.Families()[0]
}

// and joins the terms of a match.
func and(terms ...string) string {
	kept := terms[:0:0]
	for _, s := range terms {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, " && ")
}

// is is a comparison with a text.
func is(f lflow.Field, text string) string { return f.String() + " == " + text }

func text(e *lflow.Expr) string {
	if e == nil {
		return ""
	}
	return e.String()
}

func (v templated) port() string {
	if v.Template.Port == "" {
		return ""
	}
	return is(beganAt(v.Proto), v.Template.Port)
}

func (v templated) begins() string {
	return and("ct.new", is(v.fam().Dst, v.Template.VIP), v.port())
}

func (v templated) balance(snat lflow.LBSNAT) lflow.Template {
	b := []byte("ct_lb_mark(backends=" + v.Template.Backends)
	if fields := v.hashFields(); fields != "" {
		b = append(b, `; hash_fields="`+fields+`"`...)
	}
	if snat != lflow.LBSNATDefault {
		b = append(b, "; "+snat.String()...)
	}
	return lflow.Template(append(b, ");"...))
}

// set assigns a text.
func set(f lflow.Field, text string) lflow.Template {
	return lflow.Template(f.String() + " = " + text + ";")
}

// onSwitch writes all flows of a VIP on switches.
func (v templated) onSwitch(f *graph.Flows) {
	t, fam, begins, priority := v.Template, v.fam(), v.begins(), v.priority()
	f.AddText(pipeline.LSInLB, priority-1, begins, v.unserved("", pipeline.Reject(false))...)
	if t.Backends == "" {
		return
	}
	its := pipeline.VIPField(t.V6)
	f.AddText(pipeline.LSInLB, priority, begins, pipeline.Clear(pipeline.CTCommit), set(its, t.VIP), v.balance(lflow.LBSNATDefault))

	from := t.VIP
	if ip := v.hairpinGiven(); ip.IsValid() {
		from = ip.String()
	}
	f.AddText(pipeline.LSInNATHairpin, 120, and(text(pipeline.Is(pipeline.Hairpin)), "ct.new", text(lflow.Bool(fam.Is)), is(its, t.VIP), v.port()),
		lflow.Template("ct_snat("+from+");"))
	f.AddText(pipeline.LSInPreLB, 105, v.each(is(fam.Src, "^each.ip"), is(fam.Dst, from)), pipeline.Set(pipeline.CTNAT), lflow.CTNAT{Kind: lflow.RouterSNAT})
	f.AddText(pipeline.LSInPreHairpin, 100, v.each(is(fam.Src, "^each.ip"), is(fam.Dst, "^each.ip")), pipeline.Set(pipeline.Hairpin), lflow.Next{})
}

// each is the match of a flow for each backend.
func (v templated) each(terms ...string) string {
	return lflow.Each(v.Template.Backends, v.Template.Port, and(terms...))
}

// onRouter writes the flows of a VIP on routers of a kind; gateways are the ports of a
// distributed one.
func (v templated) onRouter(f *graph.Flows, kind int, gateways []*model.RouterPort) {
	t, fam := v.Template, v.fam()
	begins, to := and(v.begins(), "!ct.rel"), is(fam.Dst, t.VIP)
	if kind != distributed {
		v.routed(f, begins, kind == forcedRouters)
		if !v.Addr.IsValid() {
			f.AddText(pipeline.LRInDefrag, 110, to, lflow.CTNAT{Kind: lflow.RouterDNAT})
			model.PassOwn(f, to) // whether it is the router's own the agents alone know
		}
		return
	}
	if !v.Addr.IsValid() {
		model.PassOwn(f, to)
	}
	for _, p := range gateways {
		in, out := text(p.Comes(p.Redirect)), text(p.Leaves(p.Redirect))
		v.routed(f, and(begins, in), false)
		if t.Backends != "" {
			says := ""
			if t.Port != "" {
				says = "(" + is(lflow.F(v.Proto+".src"), "^each.port") + " || " + fam.ICMP.String() + ")"
			}
			f.AddText(pipeline.LROutUndnat, 120, v.each(is(fam.Src, "^each.ip"), says, out), lflow.CTNAT{Kind: lflow.RouterDNATInCZone})
		}
		if !v.Addr.IsValid() {
			f.AddText(pipeline.LRInDefrag, 110, and(to, in, "!ct.trk"), lflow.CTNAT{Kind: lflow.RouterDNATInCZone})
			f.AddText(pipeline.LROutChkDNATLocal, 50, and(to, out), pipeline.Set(pipeline.ComesBack), lflow.Next{})
		}
	}
}

func (v templated) routed(f *graph.Flows, begins string, forced bool) {
	priority := v.priority()
	f.AddText(pipeline.LRInDNAT, priority-1, begins, v.unserved("", refuse())...)
	if v.Template.Backends == "" {
		return
	}
	then, snat := v.sources(forced)
	f.AddText(pipeline.LRInDNAT, priority, begins, append(then, v.balance(snat))...)
}

// templateAnswer is a VIP that a router answers for, whatever address it is.
type templateAnswer struct {
	vip    model.VIP
	router schema.UUID
}

func (a templateAnswer) Compare(b templateAnswer) int {
	return placed{a.vip, a.router}.Compare(placed{b.vip, b.router})
}

// declareTemplateAnswers declares that routers answer for VIPs of templates. Which of
// them are reachable nobody but the agents knows: those of all that want it are.
func (ft *feature) declareTemplateAnswers(g *graph.Graph) {
	wanted := graph.Table(g, "templates that routers answer for", incr.Keys(ft.vips), func(r *incr.Reader, id model.VIP) ([]templateAnswer, bool) {
		v, ok := incr.Get(r, ft.vips, id)
		if !ok || v.Template == nil || v.Addr.IsValid() || v.Answers != answersAll {
			return nil, false
		}
		var all []templateAnswer
		for _, router := range ft.routersOf(r, id) {
			all = append(all, templateAnswer{id, router})
		}
		return all, len(all) > 0
	})
	by := incr.NewIndex(wanted, "router", func(_ model.VIP, all []templateAnswer) []templateAnswer { return all })
	graph.NewUnits(g, "answers for templates", incr.Values(by), func(_ *incr.Reader, a templateAnswer) (templateAnswer, bool) { return a, true }, func(_, a templateAnswer) graph.Place {
		return graph.Place{Owner: a.router, Name: "lb-answer-" + a.vip.Balancer.String() + "-" + a.vip.Text, Table: "Load_Balancer", Row: a.vip.Balancer}
	}).Write(name, func(r *incr.Reader, f *graph.Flows, a templateAnswer) {
		v, ok := incr.Get(r, ft.vips, a.vip)
		if !ok || v.Template == nil {
			return
		}
		for _, p := range ft.m.PortsOfRouter(r, a.router) {
			here := text(p.Comes(p.Redirect))
			if !v.Template.V6 {
				f.AddText(pipeline.LRInIPInput, 92, and(here, "arp.op == 1", is(lflow.ARPTPA, v.Template.VIP)), model.AnswerARP(p.MAC)...)
				continue
			}
			f.Meter = ft.copp.Of(r, a.router, "nd-na")
			f.AddText(pipeline.LRInIPInput, 92, and(here, "nd_ns", is(lflow.NDTarget, v.Template.VIP)), model.AnswerND(lflow.NestNDNA, p.MAC))
			f.Meter = ""
		}
	})
}
