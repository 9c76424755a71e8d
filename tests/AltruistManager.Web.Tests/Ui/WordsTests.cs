using AltruistManager.Web.Ui;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Tests.Ui;

public sealed class WordsTests
{
    [Theory]
    [InlineData(-5, "0 s")]
    [InlineData(0.4, "0 s")]
    [InlineData(59, "59 s")]
    [InlineData(60, "1 min")]
    [InlineData(3599, "59 min")]
    [InlineData(3600, "1 h")]
    [InlineData(7500, "2 h 5 min")]
    [InlineData(86399, "23 h 59 min")]
    [InlineData(86400, "1 d")]
    [InlineData(93600, "1 d 2 h")]
    [InlineData(5184000, "60 d")]
    public void Durations_do_not_wrap_at_a_day(double seconds, string expected) =>
        Assert.Equal(expected, Words.Of(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void A_time_of_another_day_carries_its_date()
    {
        var now = new DateTimeOffset(2026, 11, 21, 0, 0, 5, TimeSpan.Zero);
        Assert.Equal("00:00:01", Words.Clock(now.AddSeconds(-4), now, new ReaderZone()));
        Assert.Equal("2026-11-20 23:59:55", Words.Clock(now.AddSeconds(-10), now, new ReaderZone()));
        // The day is the reader's.
        Assert.Equal("00:59:55", Words.Clock(now.AddSeconds(-10), now, new ReaderZone { Id = "Europe/Berlin" }));
        Assert.Equal("2026-11-21 00:59:55 Europe/Berlin (2026-11-20 23:59:55 UTC)", Words.Exact(now.AddSeconds(-10), new ReaderZone { Id = "Europe/Berlin" }));
        Assert.Equal("2026-11-20 23:59:55 UTC", Words.Exact(now.AddSeconds(-10), new ReaderZone()));
    }

    [Theory]
    [InlineData("fewest turns (2)", "Fewest turns (2).")]
    [InlineData("Done.", "Done.")]
    [InlineData("", "")]
    public void A_reason_becomes_a_sentence(string reason, string expected) => Assert.Equal(expected, Words.Sentence(reason));
}
