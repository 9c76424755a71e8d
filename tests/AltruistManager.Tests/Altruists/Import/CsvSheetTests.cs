using System.Text;
using AltruistManager.Altruists;
using AltruistManager.Altruists.Import;
using CsvHelper;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Altruists.Import;

/// <summary>Files as spreadsheets, people and enemies write them.</summary>
public sealed class CsvSheetTests
{
    private static readonly CsvLayout Layout = new(["id", "label", "url"]);
    private static readonly ImportLimits Limits = new(64 * 1024 * 1024, 100);

    [Theory]
    [InlineData("label,url\na,https://a.example\n")]
    [InlineData("label,url\r\na,https://a.example\r\n")]
    [InlineData("label;url\na;https://a.example")]
    [InlineData("label\turl\na\thttps://a.example")]
    [InlineData("\"label\",\"url\"\n\"a\",\"https://a.example\"\n")]
    [InlineData("URL,Label\nhttps://a.example,a\n\n\n")]
    [InlineData(" label , url \n a , https://a.example \n,\n")]
    public void The_same_altruist_is_read_however_the_file_is_written(string text)
    {
        foreach (var encoding in new Encoding[] { new UTF8Encoding(false), new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            var sheet = Read([.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
            Assert.Empty(sheet.Problems.Concat(sheet.Broken));
            var row = Assert.Single(sheet.Rows);
            Assert.Equal(("a", "https://a.example"), (row["label"], row["url"]));
        }
    }

    [Fact]
    public void Quoted_cells_hold_separators_quotes_and_line_breaks_and_lines_are_counted_as_in_an_editor()
    {
        var sheet = Read("label,url\n\"a \"\"node\"\", fast\",https://a.example\n\n\"two\nlines\",https://b.example\nc,https://c.example\n");
        Assert.Empty(sheet.Broken);
        Assert.Equal([(2, "a \"node\", fast"), (4, "two\nlines"), (6, "c")], sheet.Rows.Select(row => (row.Line, row["label"]!)));
    }

    [Theory]
    [InlineData("label,url\na,\"https://a.example\nb,https://b.example\n", 2, "a quote is opened and never closed")]
    [InlineData("label,url\na,https://a.example\nb,https://\"b\".example\n", 3, "a quote stands within a cell")]
    [InlineData("label,url\n\"a\" b,https://a.example\n", 2, "text stands behind a closing quote")]
    [InlineData("label,url\na,https://a.example,more\n", 2, "it has 3 cells and the header 2")]
    [InlineData("label,url\na\n", 2, "it has 1 cells and the header 2")]
    public void What_is_no_line_of_the_file_is_named_by_its_number(string text, int line, string problem)
    {
        var broken = Assert.Single(Read(text).Broken);
        Assert.Equal(line, broken.Line);
        Assert.StartsWith(problem, broken.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "The file is empty: its first line names the columns.")]
    [InlineData(" \n \n", "The file is empty: its first line names the columns.")]
    [InlineData("label,url\n", "Below the header there is no line.")]
    [InlineData("label,url,colour\na,b,c\n", "line 1, colour: is not a column: there are id, label, url")]
    [InlineData("label,,url\na,b,c\n", "line 1, column 2: is not a column: there are id, label, url")]
    [InlineData("label,url,LABEL\na,b,c\n", "line 1, label: is there twice")]
    [InlineData("PK\u0003\u0004 and so on", "This is a workbook, not CSV: save the sheet as “CSV UTF-8” first.")]
    public void A_file_that_cannot_be_used_says_why(string text, string problem)
    {
        var sheet = Read(text);
        Assert.Empty(sheet.Rows);
        Assert.Equal([problem], sheet.Problems.Select(found => found.ToString()));
    }

    [Fact]
    public void A_file_in_another_encoding_is_refused_rather_than_guessed() =>
        Assert.StartsWith("The file is not UTF-8", Assert.Single(Read(Encoding.Latin1.GetBytes("label,url\nmünchen,https://a.example\n")).Problems).Text, StringComparison.Ordinal);

    [Fact]
    public void A_line_of_ten_megabytes_is_refused_by_its_number_and_the_others_are_read()
    {
        var sheet = Read($"label,url\na,https://a.example\n{new string('x', 10 * 1024 * 1024)},https://b.example\nc,https://c.example\n");
        Assert.Equal("line 3, label: is longer than 16,384 characters", Assert.Single(sheet.Broken).ToString());
        Assert.Equal(["a", "c"], sheet.Rows.Select(row => row["label"]!));
        var unclosed = Read($"label,url\n\"{new string('x', 10 * 1024 * 1024)},https://b.example\nc,https://c.example\n");
        Assert.Contains("never closed", Assert.Single(unclosed.Broken).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void More_than_is_taken_is_refused_as_a_whole()
    {
        Assert.Contains("more than 100 lines", Assert.Single(Read("url\n" + string.Concat(Enumerable.Repeat("https://a.example\n", 101))).Problems).Text, StringComparison.Ordinal);
        Assert.Equal(100, Read("url\n" + string.Concat(Enumerable.Repeat("https://a.example\n", 100))).Rows.Count);
        Assert.Contains("at most are taken", Assert.Single(CsvSheet.Read(new byte[1025], Layout, new ImportLimits(1024, 10)).Problems).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_is_fed_to_it_makes_the_reader_fail() => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
    {
        var sheet = Read("label,url\n" + text.Get);
        return sheet.Rows.Count + sheet.Broken.Count + sheet.Problems.Count > 0;
    }).QuickCheckThrowOnFailure();

    /// <summary>Whoever names an altruist decides what a spreadsheet of others is shown.</summary>
    [Fact]
    public void No_label_is_a_formula_in_an_export_and_each_is_read_back_as_it_was() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), Gen.Elements("", "=", "'=", "''=", "+", "-", "'-", "@", "\"", "=1+1\"", ";").ToArbitrary(), (text, first) =>
        {
            var label = (first + string.Concat(text.Get.Where(character => !char.IsControl(character) && !char.IsSurrogate(character)))).Trim();
            if (label.Length == 0)
                return;
            var exported = Export(label);
            using var csv = CsvReader.FromText(Encoding.UTF8.GetString(exported), new CsvReaderOptions { Separator = ',' });
            Assert.True(csv.Read());
            for (var cell = 0; cell < csv.FieldCount; cell++)
                Assert.DoesNotContain(csv.GetString(cell).FirstOrDefault(), "=+-@\t\r");
            var sheet = CsvSheet.Read(exported, AltruistCsv.Layout, Limits);
            Assert.Equal(label, Assert.Single(sheet.Rows)["label"]);
        }).QuickCheckThrowOnFailure();

    internal static byte[] Export(string label)
    {
        using var stream = new MemoryStream();
        AltruistCsv.WriteAsync(
            stream,
            [new Altruist { Id = new("a"), Provider = new("acme"), Network = new("evm:1"), Chains = [new("0021")], Regions = [new("*")], Url = "https://a.example/secret", MayBePrivate = false, Label = label, CreatedAt = default }],
            CancellationToken.None).GetAwaiter().GetResult();
        return stream.ToArray();
    }

    private static CsvSheet Read(string text) => Read(Encoding.UTF8.GetBytes(text));

    private static CsvSheet Read(byte[] file) => CsvSheet.Read(file, Layout, Limits);
}
