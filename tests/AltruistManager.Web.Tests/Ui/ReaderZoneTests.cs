using System.Globalization;
using AltruistManager.Web.Ui;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>Times as the reader's clock shows them.</summary>
public sealed class ReaderZoneTests
{
    [Theory]
    [InlineData("Europe/Berlin", "2026-07-01T12:00:00Z", "2026-07-01 14:00")]
    [InlineData("America/Argentina/Buenos_Aires", "2026-11-21T01:00:00Z", "2026-11-20 22:00")]
    [InlineData("Asia/Kathmandu", "2026-11-21T20:00:00Z", "2026-11-22 01:45")]
    [InlineData("UTC", "2026-11-21T20:00:00Z", "2026-11-21 20:00")]
    public void A_moment_is_told_on_the_readers_clock_and_read_back(string zone, string utc, string local)
    {
        var reader = new ReaderZone { Id = zone };
        var at = DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture);
        Assert.Equal(local, reader.Of(at).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
        Assert.Equal(at, reader.Read(DateTime.Parse(local, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_time_that_is_there_twice_or_not_at_all_is_read_all_the_same()
    {
        var berlin = new ReaderZone { Id = "Europe/Berlin" };
        Assert.Equal("2026-10-25T00:30:00", berlin.Read(new DateTime(2026, 10, 25, 2, 30, 0)).UtcDateTime.ToString("s", CultureInfo.InvariantCulture));
        Assert.Equal("2026-03-29T01:30:00", berlin.Read(new DateTime(2026, 3, 29, 2, 30, 0)).UtcDateTime.ToString("s", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_time_at_the_end_of_all_years_is_read_all_the_same()
    {
        Assert.Equal(DateTimeOffset.MaxValue, new ReaderZone { Id = "America/New_York" }.Read(DateTime.MaxValue));
        Assert.Equal(DateTimeOffset.MinValue, new ReaderZone { Id = "Asia/Tokyo" }.Read(DateTime.MinValue));
    }

    /// <summary>Zones are files, and whoever looks names theirs.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("../../../etc/passwd")]
    [InlineData("/etc/localtime")]
    [InlineData("Europe/../Europe/Berlin")]
    [InlineData("posix/Europe/../../zone.tab")]
    [InlineData("Nowhere/Never")]
    [InlineData("Europe/Berlin\0")]
    [InlineData("zone.tab")]
    [InlineData("<script>")]
    public void What_is_no_zone_is_utc(string told)
    {
        var reader = new ReaderZone { Id = told };
        Assert.Equal((true, "UTC", " UTC", " (UTC)"), (reader.IsUtc, reader.Name, reader.Suffix, reader.Heading));
    }

    [Theory]
    [InlineData("2026-11-21 07:00", "2026-11-21 07:00", "07:00 07:01")]
    [InlineData("2026-11-21 07:00:10", "2026-11-21 07:00:50", "07:00 07:01")]
    [InlineData("2026-11-21 07:01", "2026-11-21 07:04", "07:01 07:02 07:03 07:04")]
    [InlineData("2026-11-21 07:03", "2026-11-21 07:50", "07:00 07:10 07:20 07:30 07:40 07:50")]
    [InlineData("2026-11-21 07:03", "2026-11-21 12:02", "07:00 08:00 09:00 10:00 11:00 12:00 13:00")]
    [InlineData("2026-11-20 07:20", "2026-11-21 07:15", "06:00 12:00 18:00 21 Nov 06:00 12:00")]
    [InlineData("2026-11-19 07:20", "2026-11-21 07:15", "19 Nov 12:00 20 Nov 12:00 21 Nov 12:00")]
    [InlineData("2026-10-22 07:20", "2026-11-21 07:15", "19 Oct 26 Oct 2 Nov 9 Nov 16 Nov 23 Nov")]
    public void Marks_of_a_chart_are_round_times_around_its_points_and_few_enough_to_be_read(string from, string to, string expected)
    {
        var axis = TimeAxis.Around(DateTime.Parse(from, CultureInfo.InvariantCulture), DateTime.Parse(to, CultureInfo.InvariantCulture));
        var marks = Enumerable.Range(0, (int)((axis.To - axis.From) / axis.Step) + 1).Select(mark => axis.TextOf(axis.From + (mark * axis.Step)));
        Assert.Equal(expected, string.Join(' ', marks));
        Assert.InRange(DateTime.Parse(from, CultureInfo.InvariantCulture), axis.From, axis.To);
        Assert.InRange(DateTime.Parse(to, CultureInfo.InvariantCulture), axis.From, axis.To);
    }
}
