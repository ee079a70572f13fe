// Command weft-trace shows what happens to a packet in a logical network, in
// the manner of ovn-trace(8): it reads the Southbound database and runs the
// packet through the logical flows.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weft-sdn/weft/lflow/trace"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "weft-trace:", err)
		os.Exit(1)
	}
}

// settings are the options of the command line.
type settings struct {
	detailed, summary, minimal, all bool
	ct                              []string
	lbDst                           string
	selectID                        uint16
	dns, chassis                    string
	unanswered, conntrack, learn    bool
	db                              string
	friendly, unfriendly            bool
}

const defaultDB = "unix:/run/weft/sb.sock"

func command() *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "weft-trace [options] [DATAPATH] MICROFLOW",
		Short: "Show what happens to a packet in a logical network",
		Long: "Show what happens to a packet in a logical network, with the syntax and output of\n" +
			"ovn-trace(8). DATAPATH is the name or UUID of a logical switch or router; without it,\n" +
			"that of the inport. MICROFLOW describes the packet, as in:\n\n" +
			"  inport == \"lp11\" && eth.src == 00:01:02:03:04:05 && eth.dst == ff:ff:ff:ff:ff:ff\n\n" +
			"If MICROFLOW is -, microflows are read from standard input, one a line, and each\n" +
			"answer (or reason why there is none) ends with a line that holds a period only.\n\n" +
			"With --conntrack such a sequence behaves as packets do in a switch: connections are\n" +
			"committed, found again, translated and translated back, in the zones that the agent\n" +
			"would use. An ICMP error belongs to a connection if the line says what it quotes:\n\n" +
			"  inport == \"lp12\" && icmp4.type == 3 && ip4.dst == 10.0.0.1 quoting ip4.src == 10.0.0.1 && …\n\n" +
			"The line \"dump\" prints the connections, \"flush\" forgets them, \"flush ZONE\" those of a\n" +
			"zone: a port's name, or a router's UUID with _dnat or _snat behind it. With --learn\n" +
			"packets also teach where addresses are, next hops of connections, affinities of load\n" +
			"balancers, and where virtual ports are; a packet for which a router has to ask waits.",
		Args:          cobra.RangeArgs(1, 2),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	db := os.Getenv("OVN_SB_DB")
	if db == "" {
		db = defaultDB
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&s.detailed, "detailed", false, "print tables and flows (the default)")
	f.BoolVar(&s.summary, "summary", false, "print the actions executed")
	f.BoolVar(&s.minimal, "minimal", false, "print only how the packet changes and where it goes")
	f.BoolVar(&s.all, "all", false, "print all three forms")
	f.StringArrayVar(&s.ct, "ct", nil, "`flags` that the next ct_next finds: new est rel rpl inv trk snat dnat; can be repeated (default trk,est)")
	f.StringVar(&s.lbDst, "lb-dst", "", "`ip[:port]` of the backend that load balancing takes")
	f.Uint16Var(&s.selectID, "select-id", 0, "`id` that select takes (default: a random one)")
	f.BoolVar(&s.conntrack, "conntrack", false, "track connections, from each microflow to the next, in place of --ct")
	f.BoolVar(&s.learn, "learn", false, "remember what packets teach, from each microflow to the next")
	f.StringVar(&s.dns, "dns", "", "`name[/type]` that DNS queries ask for: type A (the default), AAAA, PTR or ANY")
	f.StringVar(&s.chassis, "chassis", "", "`name` of the chassis on which flows ask what is resident (default: everything is)")
	f.BoolVar(&s.unanswered, "unanswered", false, "DHCP and router solicitations get no answer")
	f.BoolVar(&s.friendly, "friendly-names", true, "replace names by those that users know")
	f.BoolVar(&s.unfriendly, "no-friendly-names", false, "print names as they are")
	f.StringVar(&s.db, "db", db, "Southbound `database`: unix:PATH or tcp:HOST:PORT; several with commas")
	return cmd
}

func (s *settings) run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := s.options(stderr)
	if err != nil {
		return err
	}
	n, err := load(ctx, s.db, s.chassis)
	if err != nil {
		return err
	}
	var d *trace.Datapath
	if len(args) == 2 {
		if d, err = n.Datapath(args[0]); err != nil {
			return err
		}
	}
	w := bufio.NewWriter(stdout)
	microflow := args[len(args)-1]
	if microflow != "-" {
		if err := s.trace(w, n, d, microflow, o); err != nil {
			return err
		}
		return w.Flush()
	}
	lines := bufio.NewScanner(stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !s.command(w, lines.Text(), o.Conntrack) {
			if err := s.trace(w, n, d, lines.Text(), o); err != nil {
				fmt.Fprintln(w, err)
			}
		}
		fmt.Fprintln(w, ".")
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (s *settings) options(stderr io.Writer) (trace.Options, error) {
	o := trace.Options{
		Friendly: s.friendly && !s.unfriendly,
		LBDst:    s.lbDst,
		SelectID: s.selectID,
		Choose:   rand.IntN,
		Warn:     func(err error) { fmt.Fprintln(stderr, "weft-trace:", err) },
	}
	o.Unanswered = s.unanswered
	if s.conntrack {
		if s.ct != nil {
			return o, errors.New("--ct says what --conntrack is to find out: only one of them")
		}
		o.Conntrack = &trace.Conntrack{}
	}
	if s.learn {
		o.Learned = &trace.Learned{}
	}
	var err error
	if o.DNS, err = question(s.dns); err != nil {
		return o, err
	}
	if s.lbDst != "" && !endpoint(s.lbDst).IsValid() {
		return o, fmt.Errorf("%s: bad address", s.lbDst)
	}
	for _, text := range s.ct {
		state, err := trace.ParseCTState(text)
		switch {
		case errors.Is(err, trace.ErrUnlikely):
			fmt.Fprintln(stderr, "weft-trace:", err)
		case err != nil:
			return o, err
		}
		o.CT = append(o.CT, state)
	}
	return o, nil
}

// trace prints the forms asked for; with several, each with a banner.
func (s *settings) trace(w io.Writer, n *trace.Network, d *trace.Datapath, microflow string, o trace.Options) error {
	p, quoted, err := s.packets(n, microflow)
	if err != nil {
		return err
	}
	o.Quoted = quoted
	root, err := n.Trace(d, p, o)
	if err != nil {
		return err
	}
	forms := []struct {
		on     bool
		banner string
		print  func(*trace.Step) string
	}{
		{s.all || s.detailed || !s.summary && !s.minimal, "# Detailed trace.\n", trace.Detailed},
		{s.all || s.summary, "# Summary trace.\n", trace.Summary},
		{s.all || s.minimal, "# Minimal trace.\n", trace.Minimal},
	}
	count := 0
	for _, f := range forms {
		if f.on {
			count++
		}
	}
	var b strings.Builder
	b.WriteString("# " + p.OpenFlow() + "\n")
	for _, f := range forms {
		if !f.on {
			continue
		}
		if count > 1 {
			b.WriteString(f.banner)
		}
		b.WriteString(f.print(root))
	}
	_, err = io.WriteString(w, b.String())
	return err
}
