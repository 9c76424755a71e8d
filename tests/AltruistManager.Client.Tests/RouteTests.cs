using System.Text.Json.Nodes;

namespace AltruistManager.Client.Tests;

public sealed class RouteTests
{
    private const long Trial = 30;

    [Theory]
    [InlineData(100)]
    [InlineData(60, 40)]
    [InlineData(34, 33, 33)]
    [InlineData(97, 1, 1, 1)]
    public void Of_any_hundred_requests_in_a_row_each_primary_gets_its_share(params int[] weights)
    {
        var route = RouteOf([.. weights.Select((weight, i) => Told.Altruist($"p{i}", weight))], [Told.Altruist("standby")]);
        foreach (var start in new uint[] { 0, 1, 77, 4_294_967_200 - 100 })
        {
            var counts = new Dictionary<string, int>();
            for (uint turn = start; turn < start + 100; turn++)
            {
                var tried = 0UL;
                var line = route.Next(ref tried, turn, 0, Trial)!;
                counts[line.Tally.Altruist] = counts.GetValueOrDefault(line.Tally.Altruist) + 1;
            }

            Assert.Equal(weights, weights.Select((_, i) => counts.GetValueOrDefault($"p{i}")));
        }
    }

    [Fact]
    public void Everyone_is_tried_once_primaries_before_standbys()
    {
        var route = RouteOf([Told.Altruist("a", 50), Told.Altruist("b", 50)], [Told.Altruist("c"), Told.Altruist("d")]);
        for (uint turn = 0; turn < 20; turn++)
        {
            var order = Order(route, turn, 0);
            Assert.Equal(["a", "b"], order[..2].Order());
            Assert.Equal(["c", "d"], order[2..]);
        }
    }

    [Fact]
    public void One_that_could_not_be_connected_to_is_asked_last_until_its_rest_is_over_and_then_by_one_request_at_a_time()
    {
        var route = RouteOf([Told.Altruist("a", 100)], [Told.Altruist("b")]);
        var tried = 0UL;
        route.Next(ref tried, 0, 0, Trial)!.Condition.Failed(RelayOutcome.Connect, until: 100);

        Assert.Equal(["b", "a"], Order(route, 1, 50));
        Assert.Equal(["a", "b"], Order(route, 2, 100));
        // While that one waits for its answer the others go elsewhere.
        Assert.Equal(["b", "a"], Order(route, 3, 101));
        Assert.Equal(["a", "b"], Order(route, 4, 100 + Trial));

        tried = 0;
        route.Next(ref tried, 5, 200, Trial)!.Condition.Answered();
        Assert.Equal(["a", "b"], Order(route, 6, 201));
        Assert.Equal(["a", "b"], Order(route, 7, 201));
    }

    [Fact]
    public void One_slow_request_is_no_reason_to_let_an_altruist_alone_three_in_a_row_are()
    {
        var route = RouteOf([Told.Altruist("a", 100)], [Told.Altruist("b")]);
        var tried = 0UL;
        var condition = route.Next(ref tried, 0, 0, Trial)!.Condition;
        condition.Failed(RelayOutcome.Timeout, until: 100);
        condition.Failed(RelayOutcome.Http5xx, until: 100);
        condition.Answered();
        condition.Failed(RelayOutcome.Timeout, until: 100);
        condition.Failed(RelayOutcome.Timeout, until: 100);
        Assert.Equal("a", Order(route, 1, 1)[0]);
        condition.Failed(RelayOutcome.Timeout, until: 100);
        Assert.Equal("b", Order(route, 1, 1)[0]);
    }

    [Fact]
    public void Altruist_that_stays_keeps_its_condition_over_a_change_of_picks()
    {
        var reports = Reports();
        var before = RouteTable.Empty.Next(SelectionReader.ReadSet(Told.Body(1, Told.Slot("0021", 1, "a", "b"))), reports);
        var tried = 0UL;
        before.Find("0021")!.Next(ref tried, 0, 0, Trial)!.Condition.Failed(RelayOutcome.Connect, until: 100);

        var after = before.Next(SelectionReader.ReadSet(Told.Body(2, Told.Slot("0021", 1, "a", "b"), Told.Slot("0022", 2, "a", "b"))), reports);
        Assert.Equal(["b", "a"], Order(after.Find("0022")!, 0, 1));

        var moved = before.Next(SelectionReader.ReadSet(Told.Body(3, Told.Slot("0021", 3, [Told.Altruist("a", 100, url: "http://elsewhere.example")], [Told.Altruist("b")]))), reports);
        Assert.Equal(["a", "b"], Order(moved.Find("0021")!, 0, 1));
    }

    private static string[] Order(Route route, uint turn, long now)
    {
        var order = new List<string>();
        var tried = 0UL;
        while (route.Next(ref tried, turn, now, Trial) is { } line)
            order.Add(line.Tally.Altruist);
        return [.. order];
    }

    private static Route RouteOf(JsonObject[] primaries, JsonObject[] standbys) =>
        RouteTable.Empty.Next(SelectionReader.ReadSet(Told.Body(1, Told.Slot("0021", 1, primaries, standbys))), Reports()).Find("0021")!;

    private static RelayReports Reports() =>
        new(new AltruistManagerOptions(), [], _ => { }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
}
