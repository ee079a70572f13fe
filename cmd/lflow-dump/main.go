// Command lflow-dump prints a daemon's logical flows in the form of
// `ovn-sbctl lflow-list`.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/proto/admin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lflow-dump:", status.Convert(err).Message())
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var target string
	var asJSON, hints bool
	req := &proto.ListFlowsRequest{}
	cmd := &cobra.Command{
		Use:   "lflow-dump",
		Short: "Print logical flows as ovn-sbctl lflow-list does",
		Long: "Print the logical flows that northd wrote (or, asked of a chassisd, those that the\n" +
			"hypervisor works with) in the form of ovn-sbctl lflow-list, filtered by datapath,\n" +
			"stage and port.",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			conn, err := admin.Dial(target)
			if err != nil {
				return err
			}
			defer conn.Close()
			stream, err := proto.NewAdminClient(conn).ListFlows(cmd.Context(), req)
			if err != nil {
				return err
			}
			w := bufio.NewWriter(cmd.OutOrStdout())
			defer w.Flush()
			p := printer{w: w, json: asJSON, hints: hints}
			for {
				f, err := stream.Recv()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				if err := p.print(f); err != nil {
					return err
				}
			}
		},
	}
	f := cmd.Flags()
	f.StringVar(&target, "target", "unix:/run/weft/northd.sock", "admin socket of northd or chassisd: unix:PATH or HOST:PORT")
	f.StringVar(&req.Datapath, "datapath", "", "only this switch or router (name, UUID, or the first digits of it)")
	f.StringVar(&req.Stage, "stage", "", "only this stage, e.g. ls_in_l2_lkup")
	f.StringVar(&req.Port, "port", "", "only flows that name this logical port or are there because of it")
	f.BoolVar(&asJSON, "json", false, "print one JSON object a line")
	f.BoolVar(&hints, "hints", false, "also print the northbound row and the feature behind each flow")
	return cmd
}

type printer struct {
	w     io.Writer
	json  bool
	hints bool
	last  string // datapath UUID and pipeline of the last header
}

func (p *printer) print(f *proto.LogicalFlow) error {
	if p.json {
		b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(f)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.w, "%s\n", b)
		return err
	}
	if head := f.DatapathUuid + f.Pipeline; head != p.last {
		p.last = head
		fmt.Fprintf(p.w, "Datapath: %q (%s)  Pipeline: %s\n", f.DatapathName, f.DatapathUuid, f.Pipeline)
	}
	_, err := fmt.Fprintf(p.w, "  table=%-2d(%-19s), priority=%-5d, match=(%s), action=(%s)\n",
		f.Table, f.Stage, f.Priority, f.Match, f.Actions)
	if p.hints && err == nil {
		_, err = fmt.Fprintf(p.w, "    # %s, for %s\n", f.Source, f.Hint)
	}
	return err
}
