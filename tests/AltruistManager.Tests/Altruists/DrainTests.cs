using AltruistManager.Altruists;

namespace AltruistManager.Tests.Altruists;

public sealed class DrainTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1795244700000);

    [Fact]
    public void Of_windows_that_overlap_the_one_that_lasts_longest_is_named()
    {
        var book = new DrainBook([Window("short", 0, 10), Window("long", 5, 30), Window("later", 60, 70)]);
        Assert.Equal("short", book.InForce(new("a"), Start)?.Id);
        Assert.Equal("long", book.InForce(new("a"), Start.AddMinutes(6))?.Id);
        Assert.Null(book.InForce(new("a"), Start.AddMinutes(30)));
        Assert.Null(book.InForce(new("b"), Start));
        Assert.Equal("open", book.With(Window("open", 0, null)).InForce(new("a"), Start.AddMinutes(6))?.Id);
        Assert.Equal(["long", "later"], book.Ahead(new("a"), Start.AddMinutes(10)).Select(drain => drain.Id));
    }

    [Fact]
    public void Time_in_several_windows_counts_once()
    {
        var book = new DrainBook([Window("one", 0, 10), Window("two", 5, 30), Window("ended", 40, 90) with { EndedAt = Start.AddMinutes(50) }, Window("dropped", 60, 90) with { EndedAt = Start.AddMinutes(20) }]);
        Assert.Equal(TimeSpan.FromMinutes(40), book.Between(new("a"), Start.AddHours(-1), Start.AddHours(3)));
        Assert.Equal(TimeSpan.FromMinutes(18), book.Between(new("a"), Start.AddMinutes(8), Start.AddMinutes(26)));
        Assert.Equal(TimeSpan.Zero, book.Between(new("a"), Start.AddMinutes(31), Start.AddMinutes(39)));
        Assert.Equal(TimeSpan.FromMinutes(5), book.With(Window("open", 100, null)).Between(new("a"), Start.AddMinutes(95), Start.AddMinutes(105)));
    }

    private static Drain Window(string id, int from, int? until) => new()
    {
        Id = id,
        Altruist = new("a"),
        Reason = "maintenance",
        From = Start.AddMinutes(from),
        Until = until is { } end ? Start.AddMinutes(end) : null,
        CreatedAt = Start,
        CreatedBy = "test",
    };
}
