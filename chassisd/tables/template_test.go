package tables

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema/sb"
)

// TestVariables: flows have this chassis's values of template variables, whether they
// are of one datapath or of a group, and only the units that name one are made anew.
// Of one without a value there is no flow, which is told but of load balancers.
func TestVariables(t *testing.T) {
	w := newWorld(t)
	w.datapath("s", 5)
	w.port("s", "vm1", 1, "")
	w.iface("vm1", 11)
	w.group("g", "s")
	acl := sb.Flow{Match: "ip4.src == ^FROM && tcp", Actions: "drop;", Stage: "s", Source: "acl"}
	w.chunk("s", "lb-1", sb.Flow{Match: "ct.new && ip4.dst == ^VIP && ct_tcp.dst == 80", Actions: "ct_lb_mark(backends=^BACKENDS);", Table: 12, Stage: "s", Source: "lb"},
		sb.Flow{Match: "each(^BACKENDS; 80) && ip4.src == ^each.ip && ip4.dst == ^each.ip", Actions: "next;", Table: 14, Stage: "s", Source: "lb"})
	w.chunk("s", "acl-1", acl, sb.Flow{Match: "ip4 && udp", Actions: "drop;", Stage: "s", Source: "acl"})
	w.chunk("g", "acl-2", acl)
	set := func(chassis string, variables map[string]string) {
		w.Templates.Set(sb.TemplateVarOf(chassis), &sb.ChassisTemplateVar{Chassis: chassis, Variables: variables})
	}
	want := func(what string, flows, balanced int, errors ...string) {
		t.Helper()
		w.commit()
		n := 0
		var told []string
		for _, l := range w.Units.All() {
			n += l.Flows.Len()
			told = append(told, l.Errors...)
		}
		for _, l := range w.SharedUnits.All() {
			n += l.Flows.Len()
			told = append(told, l.Errors...)
		}
		if got := w.Balanced.Len(); n != flows || got != balanced || fmt.Sprint(told) != fmt.Sprint(errors) {
			t.Errorf("%s: %d flows, %d backends and %q, want %d, %d and %q", what, n, got, told, flows, balanced, errors)
		}
		if err := w.Engine.Check(); err != nil {
			t.Error(err)
		}
	}
	none := "flow of s (acl): the template variable ^FROM has no value on this chassis: Chassis_Template_Var"
	want("no values", 1, 0, none, none)
	set("hv2", map[string]string{"FROM": "10.0.0.1", "VIP": "10.9.0.2", "BACKENDS": "10.0.0.9"})
	want("values of another", 1, 0, none, none)
	set("hv1", map[string]string{"FROM": "10.0.0.1", "VIP": "10.9.0.1", "BACKENDS": ""})
	want("no backends", 3, 0)
	set("hv1", map[string]string{"FROM": "{10.0.0.1, 10.0.0.2}", "VIP": "10.9.0.1", "BACKENDS": "10.0.0.1:8080,10.0.0.2:8080"})
	want("all", 1+2*2+1+2, 2)
	set("hv1", map[string]string{"FROM": "nobody", "VIP": "10.9.0.1", "BACKENDS": "10.0.0.1:8080"})
	w.commit()
	for _, l := range w.Units.All() {
		if text := fmt.Sprint(l.Errors); len(l.Errors) > 0 && !strings.Contains(text, "nobody") {
			t.Errorf("a bad value: %s", text)
		}
	}
	w.Templates.Delete(sb.TemplateVarOf("hv1"))
	want("the row goes", 1, 0, none, none)
}
