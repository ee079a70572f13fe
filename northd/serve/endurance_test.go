package serve

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

var (
	clients      = flag.Int("clients", 100, "how many clients TestEndurance has")
	transactions = flag.Int("transactions", 200, "how many transactions TestEndurance makes")
)

// TestEndurance: many clients of both databases have at the end what the server has,
// virtual tables included, however often they came back.
func TestEndurance(t *testing.T) {
	e := startEtcd(t)
	d := start(t, e, "northd")
	rng := rand.New(rand.NewPCG(7, uint64(*clients)))
	w := &intent{t: t, rng: rng, nb: newProbe(t, d.path("nb")), sb: newProbe(t, d.path("sb"))}
	for i := range 3 {
		w.agents = append(w.agents, agent{t, e.Client, fmt.Sprint("hv", i)})
	}
	w.register()
	var all []*replica
	for i := range *clients {
		r := everything(i)
		r.begin(t, d.path(r.path()))
		all = append(all, r)
	}
	told := 0
	for n := range *transactions {
		if w.step(n); t.Failed() {
			return
		}
		if n%20 != 0 {
			continue
		}
		for _, r := range all {
			if r.sync(); rng.IntN(10) == 0 {
				r.conn.Close()
				r.begin(t, d.path(r.path()))
			}
		}
	}
	d.must("nb", "--wait=sb", "sync")
	// What is computed behind a transaction is told when it is there.
	for same := false; !same; {
		before := []*replica{d.dump(0), d.dump(1)}
		for _, r := range all {
			r.sync()
		}
		after := []*replica{d.dump(0), d.dump(1)}
		if same = before[0].text() == after[0].text() && before[1].text() == after[1].text(); !same {
			continue
		}
		for i, r := range all {
			if got, want := r.text(), after[i%2].text(); got != want {
				t.Errorf("%s has\n%s\nwant\n%s", r.name, got, want)
			}
			told += r.told
		}
	}
	if told < *clients**transactions {
		t.Errorf("clients were told of %d rows", told)
	}
	d.well()
}

// everything is a client of all of a database: of the Northbound where i is even.
func everything(i int) *replica {
	db, r := sb.Schema(), &replica{last: schema.UUID{}.String()}
	if i%2 == 0 {
		db = nb.Schema()
	}
	r.db, r.method = db.Name, []string{"monitor_cond_since", "monitor_cond", "monitor"}[i/2%3]
	r.name = fmt.Sprintf("client %d, %s of %s", i, r.method, db.Name)
	for _, t := range db.Tables {
		r.looks = append(r.looks, &look{db: db, table: t.Name})
	}
	return r
}

func (r *replica) path() string {
	if r.db == nb.Schema().Name {
		return "nb"
	}
	return "sb"
}

// dump is what a client has that comes now.
func (d *daemon) dump(i int) *replica {
	r := everything(i)
	r.begin(d.t, d.path(r.path()))
	r.sync()
	r.conn.Close()
	return r
}

// text is the copy, in one order, but for times and for what only a server says of
// itself.
func (r *replica) text() string {
	var lines []string
	for _, l := range r.looks {
		for id, row := range r.rows[l.table] {
			line := l.table + " " + id.String()
			for _, c := range l.shown() {
				line += fmt.Sprintf(" %s=%v", c.Name, row[c.Name])
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// intent makes random transactions: of a network that stays small, of what clients
// write southbound, and of what agents do.
type intent struct {
	t      *testing.T
	rng    *rand.Rand
	nb, sb *probe
	agents []agent
}

func (w *intent) register() {
	for i, a := range w.agents {
		a.register(fmt.Sprint("10.0.0.", i+1))
	}
}

func (w *intent) transact(p *probe, db string, ops ...string) {
	w.t.Helper()
	// What is refused is no matter: an agent may have come first, or there is no such row.
	if r := p.call(fmt.Sprintf(`{"id":1,"method":"transact","params":[%q,%s]}`, db, strings.Join(ops, ","))); strings.Contains(r, "syntax error") {
		w.t.Errorf("%s: %s", ops, r)
	}
}

func (w *intent) step(n int) {
	one := func(name string, of int) string { return fmt.Sprint(name, w.rng.IntN(of)) }
	insert := func(table, uuidName, row string) string {
		return fmt.Sprintf(`{"op":"insert","table":%q,"uuid-name":%q,"row":{%s}}`, table, uuidName, row)
	}
	mutate := func(table, name, column, op, value string) string {
		return fmt.Sprintf(`{"op":"mutate","table":%q,"where":[["name","==",%q]],"mutations":[[%q,%q,%s]]}`, table, name, column, op, value)
	}
	remove := func(table, name string) string {
		return fmt.Sprintf(`{"op":"delete","table":%q,"where":[["name","==",%q]]}`, table, name)
	}
	north := func(ops ...string) { w.t.Helper(); w.transact(w.nb, nb.Schema().Name, ops...) }
	south := func(ops ...string) { w.t.Helper(); w.transact(w.sb, sb.Schema().Name, ops...) }
	sw, port := one("s", 6), one("p", 40)
	id := schema.NameUUID(port)
	switch w.rng.IntN(14) {
	case 0:
		// A switch is one of its name: another would make two of it.
		north(fmt.Sprintf(`{"op":"wait","table":"Logical_Switch","where":[["name","==",%q]],"columns":["name"],"until":"==","rows":[],"timeout":0}`, sw), insert("Logical_Switch", "x", `"name":"`+sw+`"`))
	case 1:
		north(remove("Logical_Switch", sw))
	case 2, 3, 4, 5:
		north(fmt.Sprintf(`{"op":"insert","table":"Logical_Switch_Port","uuid":%q,"uuid-name":"x","row":{"name":%q,"addresses":"02:00:00:00:00:%02x 10.0.0.%d","port_security":"02:00:00:00:00:%02x"}}`, id, port, n%99, n%99, n%99),
			mutate("Logical_Switch", sw, "ports", "insert", `["named-uuid","x"]`))
	case 6:
		north(mutate("Logical_Switch", sw, "ports", "delete", `["uuid","`+id.String()+`"]`))
	case 7:
		north(insert("ACL", "x", fmt.Sprintf(`"action":"allow-related","direction":"to-lport","priority":%d,"match":"ip4 && tcp.dst == %d"`, n%1000, n)),
			mutate("Logical_Switch", sw, "acls", "insert", `["named-uuid","x"]`))
	case 8:
		north(fmt.Sprintf(`{"op":"update","table":"Logical_Switch","where":[["name","==",%q]],"row":{"acls":["set",[]],"other_config":["map",[["mcast_snoop","%d"]]]}}`, sw, n))
	case 9:
		north(insert("Port_Group", "x", `"name":"`+one("pg", 3)+`"`))
		north(mutate("Port_Group", one("pg", 3), "ports", []string{"insert", "delete"}[n%2], `["uuid","`+id.String()+`"]`))
	case 10:
		north(insert("Address_Set", "x", `"name":"`+one("as", 3)+`"`))
		north(mutate("Address_Set", one("as", 3), "addresses", []string{"insert", "delete"}[n%2], fmt.Sprintf(`["set",["10.1.0.%d","10.1.1.%d"]]`, n%50, n%30)))
	case 11:
		a := w.agents[w.rng.IntN(len(w.agents))]
		if w.rng.IntN(3) > 0 {
			a.claim(id, n%2 == 0)
		} else if _, err := a.c.Delete(w.t.Context(), a.key("Port_Binding", id)); err != nil {
			w.t.Error(err)
		}
	case 12:
		name := one("hv", 6) // some are those of agents
		south(insert("Encap", "e", fmt.Sprintf(`"type":"geneve","ip":"10.0.0.%d","chassis_name":%q`, w.rng.IntN(6), name)),
			insert("Chassis", "c", `"name":"`+name+`","encaps":["named-uuid","e"]`),
			fmt.Sprintf(`{"op":"update","table":"Port_Binding","where":[["logical_port","==",%q]],"row":{"chassis":["named-uuid","c"]}}`, port))
	case 13:
		south(remove("Chassis", one("hv", 6)),
			fmt.Sprintf(`{"op":"delete","table":"Port_Binding","where":[["logical_port","==",%q]]}`, port))
		w.register() // one that lives does again
	}
}
